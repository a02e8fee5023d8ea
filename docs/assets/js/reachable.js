/* A box that scrolls must be reachable with the keyboard: it gets a tab stop while, and only while,
 * its content is larger than itself.
 */

const SCROLLING = ".dlbook-table-wrap, .dlbook-equation, pre.dlbook-output, .md-typeset__scrollwrap, .dlbook-html";

function mark(box) {
  const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight + 1;
  if (scrolls) {
    box.setAttribute("tabindex", "0");
  } else if (box.getAttribute("tabindex") === "0") {
    box.removeAttribute("tabindex");
  }
}

function watch(observer) {
  observer.disconnect();
  for (const box of document.querySelectorAll(SCROLLING)) {
    mark(box);
    observer.observe(box);
  }
}

export function keepReachable() {
  const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  const pages = window.document$; // Material's stream of pages: it fires again after each instant one
  if (pages) {
    pages.subscribe(() => watch(observer));
  } else {
    watch(observer);
  }
}
