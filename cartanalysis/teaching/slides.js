const slides = [...document.querySelectorAll("section")];
const place = document.querySelector(".place");
const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
const ends = { Home: 0, End: slides.length - 1 };
const STRIDE = 0.8; // of the window: how far a step goes within a slide that is taller
const PADDING = 0.04; // of the window: the space at a slide's edge, which need not be seen

// the slide at the middle of the window, whoever scrolled there
const current = () => {
  const middle = innerHeight / 2;
  const at = slides.findIndex((slide) => slide.getBoundingClientRect().bottom > middle);
  return at < 0 ? slides.length - 1 : at;
};
const tell = () => { place.textContent = `${current() + 1} / ${slides.length}`; };
const start = (slide) => slide.getBoundingClientRect().top + scrollY;

// where the last key leads, while the page is still on its way there
let wanted = 0;
let goal = scrollY;
const settle = () => { wanted = current(); goal = scrollY; tell(); };

const go = (slide) => {
  wanted = Math.max(0, Math.min(slides.length - 1, slide));
  goal = start(slides[wanted]);
};
const move = (step) => {
  const first = start(slides[wanted]);
  const last = first + slides[wanted].offsetHeight - innerHeight;
  const spare = PADDING * innerHeight + 1;
  if (step > 0 && goal < last - spare) goal = Math.min(goal + STRIDE * innerHeight, last);
  else if (step < 0 && goal > first + spare) goal = Math.max(goal - STRIDE * innerHeight, first);
  else if (slides[wanted + step]) go(wanted + step);
};

// keys that mean something where they are pressed: open an answer, scroll a wide table
const taken = (event) => {
  if (event.key === " ") return event.target.closest("summary") !== null;
  const wide = event.target.closest(".wide");
  const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
  return sideways && wide !== null && wide.scrollWidth > wide.clientWidth;
};

document.addEventListener("keydown", (event) => {
  const step = steps[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey || taken(event)) return;
  if (step === undefined && ends[event.key] === undefined) return;
  event.preventDefault();
  if (step === undefined) go(ends[event.key]);
  else move(step);
  scrollTo({ top: goal });
  slides[wanted].focus({ preventScroll: true });
});
document.addEventListener("scrollend", settle);
document.addEventListener("scroll", tell, { passive: true });
addEventListener("resize", settle);
settle();
