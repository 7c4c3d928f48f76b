"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (id) => document.getElementById(id);
const clock = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  const rest = String(s % 60).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${rest}`
    : `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, "0")}:${rest}`;
};
const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const scrollTo = (element) => element.scrollIntoView({block: "center", behavior: isCalm ? "auto" : "smooth"});

// ---------------------------------------------------------------- words
// A paragraph's words become elements only when it is seen, played or searched: 50,000 words open at once.
const lines = all(".line").map((element) => ({
  element,
  text: element.querySelector(".text"),
  start: Number(element.dataset.start),
  end: Number(element.dataset.end),
  starts: data.words[element.dataset.p] || [],
  words: null,
}));
const lineOf = new Map(lines.map((line) => [line.element, line]));
const byTime = [...lines].sort((a, b) => a.start - b.start);

function wordsOf(line) {
  if (line.words) return line.words;
  line.words = [];
  const walker = document.createTreeWalker(line.text, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const parts = document.createDocumentFragment();
    for (const piece of node.data.split(/( +)/)) {
      if (!piece || piece.startsWith(" ")) {
        parts.append(piece);
        continue;
      }
      const word = document.createElement("span");
      word.className = "word";
      word.textContent = piece;
      word.dataset.at = line.start + (line.starts[line.words.length] ?? 0);
      line.words.push(word);
      parts.append(word);
    }
    node.replaceWith(parts);
  }
  return line.words;
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    wordsOf(lineOf.get(entry.target));
  }
}, {rootMargin: "200px"});
lines.filter((line) => line.starts.length).forEach((line) => seen.observe(line.element));

// ---------------------------------------------------------------- player
const audios = all(".player audio");
const master = audios[0];
const waves = all("svg.wave");
let until = null;
let isFollowing = true;
let shown = {line: null, word: null};

function nowMs() {
  return master ? master.currentTime * 1000 : 0;
}

function seek(ms, untilMs = null) {
  if (!master) return;
  until = untilMs;
  for (const audio of audios) audio.currentTime = ms / 1000;
  show(ms);
}

function play() {
  for (const audio of audios) audio.play().catch((error) => trouble(error));
}

function pause() {
  until = null;
  for (const audio of audios) audio.pause();
}

function trouble(error) {
  if (error.name !== "AbortError") one("trouble").textContent = "The recording beside this page cannot be played.";
}

function lineAt(ms) {
  let low = 0;
  let high = byTime.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byTime[middle].start <= ms) low = middle + 1; else high = middle;
  }
  for (let place = low - 1; place >= 0 && place >= low - 4; place--) {
    if (ms <= byTime[place].end) return byTime[place];
  }
  return low ? byTime[low - 1] : null;
}

function show(ms) {
  const line = lineAt(ms);
  let word = null;
  if (line) {
    const words = wordsOf(line);
    const index = line.starts.findLastIndex((start) => line.start + start <= ms + 1);
    word = words[Math.max(0, index)] ?? null;
  }
  if (word !== shown.word) {
    shown.word?.classList.remove("now");
    word?.classList.add("now");
  }
  if (line !== shown.line) {
    shown.line?.element.classList.remove("now");
    line?.element.classList.add("now");
    if (line && isFollowing) scrollTo(line.element);
  }
  shown = {line, word};
  one("scrub").value = ms;
  one("scrub").setAttribute("aria-valuetext", clock(ms));
  one("now").textContent = clock(ms);
  for (const wave of waves) {
    const share = (ms - wave.dataset.start) / (wave.dataset.end - wave.dataset.start);
    const head = wave.querySelector(".playhead");
    head.classList.toggle("on", share >= 0 && share <= 1);
    head.setAttribute("x1", `${100 * share}%`);
    head.setAttribute("x2", `${100 * share}%`);
  }
}

function follow() {
  const ms = nowMs();
  for (const audio of audios.slice(1)) {
    if (Math.abs(audio.currentTime * 1000 - ms) > 80) audio.currentTime = ms / 1000;
  }
  show(ms);
  if (until !== null && ms >= until) return pause();
  if (!master.paused && !master.ended) requestAnimationFrame(follow);
}

if (master) {
  master.addEventListener("play", () => {
    one("play").textContent = "❚❚";
    one("play").setAttribute("aria-label", "Pause");
    requestAnimationFrame(follow);
  });
  for (const kind of ["pause", "ended"]) {
    master.addEventListener(kind, () => {
      one("play").textContent = "▶";
      one("play").setAttribute("aria-label", "Play");
    });
  }
  for (const audio of audios) {
    audio.addEventListener("error", () => trouble(new Error("media")));
  }
  one("play").addEventListener("click", toggle);
  one("scrub").addEventListener("input", (event) => seek(Number(event.target.value)));
  one("speed").addEventListener("change", (event) => {
    for (const audio of audios) audio.playbackRate = Number(event.target.value);
  });
  one("follow").addEventListener("click", toggleFollow);
  for (const button of all(".voice")) {
    button.addEventListener("click", () => {
      const audio = audios.find((each) => each.dataset.name === button.dataset.name);
      audio.muted = !audio.muted;
      button.setAttribute("aria-pressed", String(!audio.muted));
    });
  }
}

function toggle() {
  if (master.paused) play(); else pause();
}

function toggleFollow() {
  isFollowing = !isFollowing;
  one("follow").setAttribute("aria-pressed", String(isFollowing));
  if (isFollowing && shown.line) scrollTo(shown.line.element);
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-seek], .word, svg.wave");
  if (!target || !master) return;
  if (target.matches("svg.wave")) {
    const box = target.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    seek(Number(target.dataset.start) + share * (target.dataset.end - target.dataset.start));
  } else if (target.matches(".word")) {
    if (!getSelection().isCollapsed) return;
    seek(Number(target.dataset.at));
  } else {
    const untilMs = target.dataset.until ? Number(target.dataset.until) + 300 : null;
    seek(Number(target.dataset.seek), untilMs);
  }
  play();
});

// ---------------------------------------------------------------- evidence: a key point and its words light up together
for (const question of all(".question")) {
  const light = (point, isOn) => {
    for (const mark of all("mark", question)) {
      if (mark.dataset.points.split(" ").includes(point)) mark.classList.toggle("lit", isOn);
    }
  };
  for (const quote of all("button.quote", question)) {
    for (const [kind, isOn] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]]) {
      quote.addEventListener(kind, () => light(quote.dataset.point, isOn));
    }
  }
}

// ---------------------------------------------------------------- search
const field = one("search");
const canHighlight = "highlights" in CSS;
let hits = [];
let hitIndex = -1;

function search() {
  const wanted = field.value.trim().toLowerCase();
  for (const hit of hits) hit.line.element.classList.remove("hit");
  hits = [];
  hitIndex = -1;
  if (wanted.length > 1) {
    for (const line of lines) {
      const text = line.text.textContent.toLowerCase();
      for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
        hits.push({line, at, length: wanted.length});
      }
    }
  }
  for (const hit of hits) {
    hit.range = rangeOf(hit);
    hit.line.element.classList.add("hit");
  }
  if (canHighlight) CSS.highlights.set("search", new Highlight(...hits.map((hit) => hit.range)));
  one("found").textContent = wanted.length > 1 ? (hits.length ? `${hits.length} found` : "nothing found") : "";
}

function rangeOf(hit) {
  wordsOf(hit.line);
  const range = document.createRange();
  const walker = document.createTreeWalker(hit.line.text, NodeFilter.SHOW_TEXT);
  let place = 0;
  let hasStart = false;
  while (walker.nextNode()) {
    const length = walker.currentNode.data.length;
    if (!hasStart && hit.at < place + length) {
      range.setStart(walker.currentNode, hit.at - place);
      hasStart = true;
    }
    if (hit.at + hit.length <= place + length) {
      range.setEnd(walker.currentNode, hit.at + hit.length - place);
      break;
    }
    place += length;
  }
  return range;
}

function goToHit(step) {
  if (!hits.length) return;
  hitIndex = (hitIndex + step + hits.length) % hits.length;
  const hit = hits[hitIndex];
  if (canHighlight) CSS.highlights.set("search-now", new Highlight(hit.range));
  one("found").textContent = `${hitIndex + 1} of ${hits.length}`;
  scrollTo(hit.line.element);
}

field.addEventListener("input", search);
document.querySelector("form.search").addEventListener("submit", (event) => event.preventDefault());
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    goToHit(event.shiftKey ? -1 : 1);
  } else if (event.key === "Escape") {
    field.value = "";
    search();
    field.blur();
  }
});

// ---------------------------------------------------------------- keys, theme, copying, printing
function goToQuestion(step) {
  const questions = all(".question");
  if (!questions.length) return;
  const middle = innerHeight / 2;
  const current = questions.findLastIndex((question) => question.getBoundingClientRect().top < middle);
  const next = questions[Math.min(questions.length - 1, Math.max(0, current + step))];
  next.scrollIntoView({block: "start", behavior: isCalm ? "auto" : "smooth"});
  next.focus({preventScroll: true});
}

const keys = {
  "/": () => field.focus(),
  "?": () => one("keys").showModal(),
  n: () => goToQuestion(1),
  p: () => goToQuestion(-1),
};
if (master) {
  Object.assign(keys, {
    " ": toggle,
    ArrowLeft: () => seek(Math.max(0, nowMs() - 5000)),
    ArrowRight: () => seek(Math.min(data.duration_ms, nowMs() + 5000)),
    f: toggleFollow,
  });
}

document.addEventListener("keydown", (event) => {
  const isTaken = event.target.closest("input, select, textarea, dialog[open]")
    || (event.key === " " && event.target.closest("button, summary, a"));
  if (isTaken || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

one("help").addEventListener("click", () => one("keys").showModal());
one("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "")) === "dark";
  root.dataset.theme = isDark ? "light" : "dark";
});
for (const button of all(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
  });
}
let opened = [];
addEventListener("beforeprint", () => {
  opened = all("details:not([open])");
  opened.forEach((details) => { details.open = true; });
});
addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));
document.documentElement.dataset.ready = "yes";
