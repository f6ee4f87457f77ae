// Loaded with `node --require`: lets Azurite keep an idle connection for 90 s, and not for the 5 of Node.js. A client of
// Azure's SDK for C++, such as DuckDB, keeps it for 60, and fails when all its attempts meet connections that were ended.
// Azurite's own --blobKeepAliveTimeout does nothing there, as it is looked up by another name:
// https://github.com/Azure/Azurite/blob/v3.35.0/src/blob/BlobEnvironment.ts
const { createRequire } = require("node:module");
const { default: ServerBase } = createRequire(process.argv[1])("../common/ServerBase");

const { start } = ServerBase.prototype;

ServerBase.prototype.start = function () {
  this.httpServer.keepAliveTimeout = 90_000;
  return start.call(this);
};
