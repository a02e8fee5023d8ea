/* What the tests ask a page: each question gives a list of complaints, empty if all is well. */

(() => {
  const FRAME = ".md-header, .md-sidebar, .md-footer, .md-top, .md-search, .dlbook-run, .dlbook-controls";
  const SHAPES = "path, line, polyline, polygon, rect, circle, ellipse, use, text, tspan";
  const PLAIN = "span, p, code, em, strong, td, mi, mo, mn, mtext";
  const RAW_TEX = /\\\(|\\\[|\$\$|\\[a-zA-Z]{2,}|\$[^$\n]{1,80}\$/;

  const notes = new Map(); // element -> its looks in the palettes so far
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const article = () => document.querySelector("article.md-content__inner");

  /** A few words by which a person finds the element again. */
  function name(element) {
    const classes = [...element.classList].map((each) => `.${each}`).join("");
    const id = element.id ? `#${element.id}` : "";
    const text = (element.getAttribute("aria-label") ?? element.textContent).trim().replace(/\s+/g, " ");
    return `<${element.localName}${id}${classes}> ${text.slice(0, 60)}`;
  }

  /** Resolves when fonts are there, what watches sizes has had its turn, and colours have faded in. */
  async function settle() {
    await document.fonts.ready;
    for (let frame = 0; frame < 3; frame += 1) {
      await new Promise(requestAnimationFrame);
    }
    const ending = document.getAnimations().filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime));
    await Promise.allSettled(ending.map((animation) => animation.finished));
  }

  async function unfold(open) {
    for (const details of all("details")) {
      details.open = open;
    }
    await settle();
  }

  /** Elements that stick out of the page and do not scroll inside a box of their own. */
  function wide() {
    const edge = document.documentElement.clientWidth + 1;
    const out = all("*", article()).filter((element) => element.getBoundingClientRect().right > edge);
    const loose = out.filter((element) => !boxed(element) && !element.closest(".md-clipboard, svg, math *"));
    const scrolls = document.documentElement.scrollWidth > edge ? ["the page scrolls sideways"] : [];
    return [...scrolls, ...loose.slice(0, 5).map(name)];
  }

  function boxed(element) {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      const inside = box.getBoundingClientRect().right <= document.documentElement.clientWidth + 1;
      if (style.overflowX !== "visible" && inside) {
        return true;
      }
    }
    return false;
  }

  /** Formulas that were left as TeX, or that take no room. */
  function untypeset() {
    const raw = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      if (RAW_TEX.test(text.data) && !text.parentElement.closest("pre, code, math, script, style")) {
        raw.push(`raw TeX: ${text.data.trim().slice(0, 80)}`);
      }
    }
    const empty = all("math", article()).filter((math) => math.getBoundingClientRect().width === 0);
    return [...raw, ...empty.map((math) => `nothing is drawn: ${name(math)}`), ...missingFont()];
  }

  function missingFont() {
    const needed = all("math", article()).length > 0;
    const loaded = [...document.fonts].some((font) => font.family.includes("STIX") && font.status === "loaded");
    return needed && !loaded ? ["the font of formulas is not loaded"] : [];
  }

  const countFormulas = () => all("math", article()).length;

  const figures = () =>
    all("svg", article()).filter((svg) => !svg.parentElement.closest("svg") && svg.matches("figure *, .dlbook-plot *"));

  /** Figures without a description, and drawings that are neither described nor hidden. */
  function unlabelled() {
    const described = (svg) => svg.getAttribute("role") === "img" && (svg.getAttribute("aria-label") ?? "").length >= 20;
    const decoration = (svg) => svg.closest("[aria-hidden=true], a, button, label, summary, .twemoji");
    const drawings = all("svg", article()).filter((svg) => !svg.parentElement.closest("svg") && !decoration(svg));
    const images = all("img", article()).filter((image) => !image.alt.trim());
    const empty = all("figure", article()).filter((figure) => !figure.querySelector("svg, img"));
    return [...drawings.filter((svg) => !described(svg)), ...images, ...empty].map(name);
  }

  /** The colours of each figure, in the palette of the moment. */
  function colors() {
    return figures().map((svg) => {
      const used = all(SHAPES, svg).flatMap((shape) => {
        const { stroke, fill } = getComputedStyle(shape);
        return [stroke, fill].filter((color) => color !== "none");
      });
      return [name(svg), [...new Set(used)].sort().join(" ")];
    });
  }

  /** Listings without a button that copies them, and buttons that copy something else. */
  function uncopied() {
    const listings = all(".highlight pre > code", article()).filter((code) => !code.closest(".linenos"));
    return listings.filter((code) => {
      const button = code.parentElement.querySelector("[data-clipboard-target]");
      return !button || document.querySelector(button.dataset.clipboardTarget) !== code;
    }).map(name);
  }

  /** Widgets that no script knows, or that have drawn nothing after some seconds. */
  async function undrawn() {
    const widgets = () => all("*", article()).filter((element) => element.localName.startsWith("dlbook-"));
    const undrawn = "dlbook-curves:not([src]), dlbook-ledger"; // one stays hidden, one holds tables
    const blank = () => widgets().filter((widget) => !widget.matches(undrawn) && !drawn(widget));
    const end = performance.now() + 3000;
    while (blank().length > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return blank().map(name);
  }

  function drawn(widget) {
    const svg = widget.querySelector("svg");
    return widget.matches(":defined") && Boolean(svg) && svg.childElementCount > 0 && svg.getBoundingClientRect().height > 50;
  }

  /** What is wrong on paper: a frame that is printed, folded text that is not, a dark ground. */
  function misprinted() {
    const shown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";
    const frame = all(FRAME).filter(shown).map((element) => `printed: ${name(element)}`);
    const parts = all("details:not(.dlbook-steps) > :not(summary)", article()).filter((part) => part.textContent.trim());
    const folded = parts.filter((part) => part.getBoundingClientRect().height === 0).map((part) => `not printed: ${name(part)}`);
    const paper = luminance(page());
    const ink = luminance(getComputedStyle(article()).color);
    return [...frame, ...folded, ...(paper > 0.9 && ink < 0.1 ? [] : ["it is not dark ink on a light ground"])];
  }

  /** Boxes that scroll and that the keyboard cannot reach. */
  function unreachable() {
    const scrolls = (box) => box.scrollWidth > box.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(box).overflowX);
    const reached = (box) => box.tabIndex >= 0 || box.querySelector("a[href], button, input, [tabindex='0']");
    return all("*", article()).filter((box) => scrolls(box) && !reached(box)).map(name);
  }

  /** The element that has the focus, if nothing around it shows so. */
  function unseenFocus() {
    const focused = document.activeElement;
    const near = [focused, focused.nextElementSibling, focused.closest("form")].filter(Boolean);
    const styles = near.map((each) => getComputedStyle(each));
    const outlined = styles.some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
    return outlined || focused === document.body ? [] : [name(focused)];
  }

  /** Words in figures whose colour is too near to what lies beneath them. No colour of text reaches
   *  4.5 on a cell of middle tint, so there the 3 of large text must do. */
  function illegible() {
    const words = figures().flatMap((svg) => all("text", svg)).filter((text) => text.textContent.trim());
    const faint = words.filter((text) => {
      const style = getComputedStyle(text);
      const halo = style.stroke !== "none" && style.paintOrder.startsWith("stroke");
      const ground = halo ? style.stroke : beneath(text);
      const least = halo || ground === page() ? 4.5 : 3;
      return ground !== null && contrast(style.fill, ground) < least;
    });
    return faint.map((text) => `${name(text)}: ${getComputedStyle(text).fill} on ${beneath(text)}`);
  }

  /** The colour under the middle of a word; null where it lies on a picture. */
  function beneath(text) {
    const { left, top, width, height } = text.getBoundingClientRect();
    const middle = new DOMPoint(left + width / 2, top + height / 2);
    const shapes = all("path, rect, circle, ellipse, polygon, image", outermost(text));
    let ground = channels(page());
    for (const shape of shapes.filter((each) => before(each, text) && covers(each, middle))) {
      if (shape.localName === "image") {
        return null;
      }
      const share = opacity(shape) * getComputedStyle(shape).fillOpacity;
      const fill = channels(getComputedStyle(shape).fill);
      ground = ground.map((value, i) => share * fill[i] + (1 - share) * value);
    }
    return `rgb(${ground.join(", ")})`;
  }

  const page = () => getComputedStyle(document.body).backgroundColor;

  const before = (shape, text) => Boolean(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING);

  const channels = (color) => color.match(/[\d.]+/g).slice(0, 3).map(Number);

  function outermost(element) {
    const svg = element.closest("svg");
    return svg.parentElement.closest("svg") ? outermost(svg.parentElement) : svg;
  }

  /** How opaque an element is, with all that it stands in. */
  function opacity(element) {
    const own = Number(getComputedStyle(element).opacity);
    return element.parentElement ? own * opacity(element.parentElement) : own;
  }

  function covers(shape, point) {
    if (shape.localName === "image") {
      const { left, right, top, bottom } = shape.getBoundingClientRect();
      return left < point.x && point.x < right && top < point.y && point.y < bottom;
    }
    const { fill } = getComputedStyle(shape);
    const filled = fill !== "none" && fill !== "rgba(0, 0, 0, 0)" && !shape.closest("defs, clipPath");
    const place = filled && shape.getScreenCTM();
    return Boolean(place) && shape.isPointInFill(point.matrixTransform(place.inverse()));
  }

  function contrast(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  function luminance(color) {
    const [red, green, blue] = channels(color).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  /** Write down how plain words look in this palette. */
  function noteLooks() {
    for (const element of all(PLAIN).filter(isPlain)) {
      notes.set(element, (notes.get(element) ?? "") + looks(element));
    }
  }

  /** Remove all but one of the words that looked the same: the rest is measured much sooner. */
  function dropTwins() {
    const seen = new Set();
    for (const element of all(PLAIN).filter((each) => notes.has(each))) {
      const look = notes.get(element);
      if (seen.has(look)) {
        element.remove();
      }
      seen.add(look);
    }
  }

  /** Whether an element is only a piece of text: of no concern to any rule but that of contrast. */
  function isPlain(element) {
    const bare = [...element.attributes].every(({ name }) => name === "class");
    return bare && element.childElementCount === 0 && element.textContent.trim() !== "";
  }

  function looks(element) {
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const transparent = (each) => getComputedStyle(each).backgroundColor === "rgba(0, 0, 0, 0)";
    let ground = element;
    while (transparent(ground) && ground.parentElement) {
      ground = ground.parentElement;
    }
    const { backgroundColor } = getComputedStyle(ground);
    return [element.localName, color, fontSize, fontWeight, opacity(element), backgroundColor].join();
  }

  window.probe = {
    settle, unfold, wide, untypeset, countFormulas, unlabelled, colors, uncopied, undrawn, misprinted, illegible,
    unseenFocus, unreachable, noteLooks, dropTwins,
  };
})();
