const slides = [...document.querySelectorAll("section")];
const place = document.querySelector(".place");
const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
const ends = { Home: 0, End: slides.length - 1 };

// the slide at the middle of the window, whoever scrolled there
const current = () => {
  const middle = innerHeight / 2;
  const at = slides.findIndex((slide) => slide.getBoundingClientRect().bottom > middle);
  return at < 0 ? slides.length - 1 : at;
};
const tell = () => { place.textContent = `${current() + 1} / ${slides.length}`; };
let wanted = 0;

document.addEventListener("keydown", (event) => {
  const step = steps[event.key];
  const inside = event.target.closest("summary, .wide");
  if (event.ctrlKey || event.metaKey || event.altKey || inside) return;
  if (step === undefined && ends[event.key] === undefined) return;
  event.preventDefault();
  wanted = step === undefined ? ends[event.key] : wanted + step;
  wanted = Math.max(0, Math.min(slides.length - 1, wanted));
  slides[wanted].scrollIntoView();
  slides[wanted].focus({ preventScroll: true });
});
document.addEventListener("scrollend", () => { wanted = current(); tell(); });
document.addEventListener("scroll", tell, { passive: true });
tell();
