// What a page does besides being read: colours, previews of terms and references, scrolling tables.
(function () {
  "use strict";
  const root = document.documentElement;

  // --- colours: automatic, light, dark ---------------------------------------------------------
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const modes = { auto: "Auto", light: "Light", dark: "Dark" };
  const names = { auto: "automatic", light: "light", dark: "dark" };
  const button = document.querySelector(".cart-mode");
  function paint() {
    const mode = modes[root.dataset.mode] ? root.dataset.mode : "auto";
    root.dataset.theme = mode !== "auto" ? mode : dark.matches ? "dark" : "light";
    button.textContent = modes[mode];
    button.setAttribute("aria-label", `Colours: ${names[mode]} (${modes[mode]})`);
  }
  dark.addEventListener("change", paint);
  button.addEventListener("click", () => {
    const order = Object.keys(modes);
    root.dataset.mode = order[(order.indexOf(root.dataset.mode) + 1) % order.length];
    try { localStorage.setItem("mode", root.dataset.mode); } catch (blocked) { /* private window */ }
    paint();
  });
  paint();

  // --- the contents close when a link in them is followed within the page -----------------------
  const contents = document.getElementById("cart-contents");
  contents.addEventListener("click", (event) => {
    if (event.target.closest("a") && contents.matches(":popover-open")) contents.hidePopover();
  });

  // --- what scrolls sideways can be reached by keyboard ----------------------------------------
  function reachable() {
    document.querySelectorAll("pre, .pst-scrollable-table-container").forEach((box) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    });
  }
  addEventListener("resize", reachable);
  document.addEventListener("toggle", reachable, true);
  reachable();

  // --- previews: the link's title, on hover and on focus; Escape closes -------------------------
  const box = document.createElement("div");
  box.className = "cart-preview";
  box.id = "cart-preview";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  document.body.append(box);
  let shown = null, closing = 0;
  function show(link) {
    clearTimeout(closing);
    if (shown && shown !== link) hide();
    shown = link;
    box.textContent = link.dataset.preview;
    box.hidden = false;
    link.setAttribute("aria-describedby", box.id);
    const at = link.getClientRects()[0], room = root.clientWidth - box.offsetWidth - 16;
    const below = at.bottom + 6 + box.offsetHeight < innerHeight;
    box.style.left = `${Math.max(16, Math.min(at.left, room)) + scrollX}px`;
    box.style.top = `${(below ? at.bottom + 6 : at.top - box.offsetHeight - 6) + scrollY}px`;
  }
  function hide() {
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
    box.hidden = true;
  }
  const later = () => { closing = setTimeout(hide, 200); };
  document.querySelectorAll("a.internal[title]").forEach((link) => {
    if (!link.matches(".cart-term, .bibtex-citation a")) return;
    link.dataset.preview = link.title;
    link.removeAttribute("title"); // or the browser would show it a second time
    link.addEventListener("mouseenter", () => show(link));
    link.addEventListener("focus", () => show(link));
    link.addEventListener("mouseleave", later);
    link.addEventListener("blur", hide);
  });
  box.addEventListener("mouseenter", () => clearTimeout(closing));
  box.addEventListener("mouseleave", later);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
})();
