// Loaded with `node --require`: ends Azurite when its standard input closes, which the kernel does for it even when
// the parent is killed. Through Azurite's own SIGTERM handler, so that the newest entries of its index reach the disk.
process.stdin
  .on("end", () => {
    if (!process.emit("SIGTERM", "SIGTERM")) process.exit();
    setTimeout(() => process.exit(), 3000).unref();
  })
  .resume();
