"""How fast and how heavy pages are on a simulated slow phone, by Lighthouse: `make bench`.

    python bench/pages.py SITE [EARLIER_SITE]

With a second site the ratio is measured in the same run, page by page in turn.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGES = ("book/index", "notebooks/survival", "notebooks/claims")
RUNS = 3
TOOL = Path(__file__).parent / "node_modules" / "lighthouse" / "cli" / "index.js"
TEXT = {".html", ".css", ".js", ".svg", ".json", ".csv"}


class Compressed(SimpleHTTPRequestHandler):
    """Serve a site as a web server does: text compressed."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if path.suffix in TEXT:
            data = gzip.compress(data, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def measure(address: str) -> dict[str, float]:
    """Load a page once on Lighthouse's simulated slow phone."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("No Chromium was found; on Debian: apt install chromium")
    command = ["node", str(TOOL), address, "--quiet", "--output=json", "--form-factor=mobile"]
    command += ["--throttling-method=simulate", "--only-categories=performance,accessibility"]
    command += ["--chrome-flags=--headless=new --no-sandbox"]
    env = os.environ | {"CHROME_PATH": chromium}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    audits = json.loads(done.stdout)
    return {
        "LCP, s": audits["audits"]["largest-contentful-paint"]["numericValue"] / 1000,
        "transferred, kB": audits["audits"]["total-byte-weight"]["numericValue"] / 1000,
        "performance": 100 * audits["categories"]["performance"]["score"],
        "accessibility": 100 * audits["categories"]["accessibility"]["score"],
    }


def main(sites: list[Path]) -> None:
    """Measure the sites and print a table."""
    if not TOOL.is_file():
        sys.exit("Lighthouse is not there: run `npm ci` in bench")
    servers = []
    for site in sites:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressed, directory=str(site)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    for page in PAGES:
        found: list[list[dict[str, float]]] = [[] for _ in sites]
        for _ in range(RUNS):
            for server, results in zip(servers, found, strict=True):
                results.append(measure(f"http://127.0.0.1:{server.server_port}/{page}.html"))
        for what in found[0][0]:
            medians = [statistics.median(r[what] for r in results) for results in found]
            line = f"{page:22} {what:16} " + "  ".join(f"{m:8.2f}" for m in medians)
            if len(medians) > 1 and medians[1]:
                line += f"  ratio {medians[0] / medians[1]:.2f}"
            print(line, flush=True)
    for server in servers:
        server.shutdown()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main([Path(argument) for argument in sys.argv[1:]])
