// Stands before uPlot, which asks Intl for the browser's language as soon as it is loaded, and takes the whole page with it
// where that is none: WebKitGTK calls it "C" where the system has the locale C.

try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en" });
}
