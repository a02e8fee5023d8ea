/* Numbers that a widget reads from a file of this site. */

const SITE = new URL("../../../", import.meta.url); // addresses count from the root of the site
const brought = globalThis.dlbookData ?? {}; // address -> content, in the offline edition
const loaded = new Map(); // address -> promise of its content, so that coming back is instant

/** What a JSON file holds, such as "assets/data/learning_rate.json". */
export function load(src) {
  if (src in brought) return Promise.resolve(brought[src]);
  const address = new URL(src, SITE).href;
  if (!loaded.has(address)) {
    loaded.set(address, fetch(address).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status))));
  }
  return loaded.get(address);
}
