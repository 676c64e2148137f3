// Lets Lighthouse look at pages, one after the other in one browser: node lighthouse.js CHROMIUM COOKIE ADDRESS...
// Prints a line of JSON for each: its address, its scores, and what was found.
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [chromePath, cookie, ...addresses] = process.argv.slice(2);
const chromeFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await launch({ chromePath, chromeFlags });
try {
  for (const address of addresses) {
    const { lhr } = await lighthouse(address, {
      port: browser.port,
      onlyCategories: ["accessibility", "best-practices"],
      extraHeaders: cookie ? { Cookie: cookie } : {},
      // With another method it waits for twice five seconds of quiet, whatever is asked for; the method is of no other use here.
      throttlingMethod: "simulate",
      // A page that follows a stream is never quiet, and others are there at once.
      maxWaitForLoad: 8000, networkQuietThresholdMs: 300, cpuQuietThresholdMs: 300, pauseAfterFcpMs: 300, pauseAfterLoadMs: 300,
      disableFullPageScreenshot: true, disableStorageReset: true, skipAboutBlank: true, logLevel: "error",
    });
    const scores = Object.fromEntries(Object.entries(lhr.categories).map(([name, each]) => [name, each.score]));
    const found = Object.values(lhr.audits).filter((each) => each.score !== null && each.score < 1)
      .map((each) => `${each.id}: ${each.title}`);
    console.log(JSON.stringify({ address: lhr.finalDisplayedUrl, scores, found }));
  }
} finally {
  await browser.kill();
}
