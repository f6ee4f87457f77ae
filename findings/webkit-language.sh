#!/usr/bin/env bash
# WebKitGTK: where the locale is C, a browser's language is one that Intl refuses, and a module that threw is well the second time.
#
# Versions: WebKitGTK 2.50.6 of Debian (webkit2gtk-driver), uPlot 1.6.32, Selenium 4.51.0
# Guess: navigator.language is a valid language tag, so that Intl takes it; import() of a module that threw is rejected each time.
#   https://html.spec.whatwg.org/multipage/system-state.html#dom-navigator-language
#   https://tc39.es/ecma262/#sec-innermoduleevaluation
# Seen: in the locale C.UTF-8, as in most containers, the language is "C". uPlot gives it to Intl.NumberFormat when it is
#   loaded, and so no module above it runs: a page that imports it stays blank. import() of such a module afterwards is
#   fulfilled, with nothing that it exports; in Chromium and Firefox it is rejected again.
# For the archive: language.js stands before uPlot in the dashboard.
#
# Wants what Debian calls webkit2gtk-driver and xvfb.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check selenium==4.51.0
npm install --silent --no-audit --no-fund --prefix . uplot@1.6.32
cp node_modules/uplot/dist/uPlot.esm.js .
echo 'import uPlot from "./uPlot.esm.js"; document.title = "drawn";' >chart.js
echo '<!doctype html><title>blank</title><script type="module" src="chart.js"></script>' >index.html

cat >probe.py <<'END'
import http.server
import pathlib
import threading

from selenium.webdriver import WebKitGTK, WebKitGTKOptions, WebKitGTKService

AGAIN = "const done = arguments[0]; import('./chart.js').then(() => done('fulfilled'), error => done(String(error)))"
TAKEN = "try { return String(Intl.getCanonicalLocales(navigator.language)) } catch (error) { return error.name }"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


options = WebKitGTKOptions()
options.binary_location = str(next(pathlib.Path("/usr").glob("lib/*/webkit2gtk-4.*/MiniBrowser")))
options.add_argument("--automation")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
driver = WebKitGTK(options, WebKitGTKService("/usr/bin/WebKitWebDriver"))
try:
    print("WebKitGTK", driver.capabilities["browserVersion"])
    driver.get(f"http://127.0.0.1:{server.server_port}/index.html")
    print("language:", driver.execute_script("return navigator.language"), "- Intl:", driver.execute_script(TAKEN))
    print("page:", driver.title)
    print("import() afterwards:", driver.execute_async_script(AGAIN))
finally:
    driver.quit()
END

cat >expected <<'END'
WebKitGTK 2.50.6
language: C - Intl: RangeError
page: blank
import() afterwards: fulfilled
END
LC_ALL=C.UTF-8 xvfb-run -a venv/bin/python probe.py 2>/dev/null | tee seen
diff expected seen
