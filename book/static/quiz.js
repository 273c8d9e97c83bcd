// Without this script a question shows its options, and a drop-down with the feedback to each.
document.querySelectorAll(".cart-quiz").forEach((quiz, number) => {
  const question = quiz.querySelector(":scope > p");
  const options = quiz.querySelector(":scope > ul");
  const answers = quiz.querySelector(":scope > details");
  const told = [...answers.querySelectorAll("li")];

  const form = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.append(...question.childNodes);
  const feedback = document.createElement("div");
  feedback.className = "cart-feedback";
  feedback.setAttribute("role", "status");
  form.append(legend);

  [...options.children].forEach((option, place) => {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = `cart-quiz-${number}`;
    radio.addEventListener("change", () => {
      feedback.className = `cart-feedback ${told[place].className}`;
      feedback.replaceChildren(...[...told[place].cloneNode(true).childNodes]);
    });
    const text = document.createElement("span");
    text.append(...option.querySelector("p").childNodes);
    label.append(radio, text);
    form.append(label);
  });

  form.append(feedback);
  quiz.replaceChildren(form);
});
