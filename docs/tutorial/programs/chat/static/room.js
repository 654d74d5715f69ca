const messages = document.getElementById("messages");
const form = document.getElementById("say");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch(form.action, { method: "POST", body: new FormData(form) });
  form.reset();
});

async function listen() {
  for (;;) {
    try {
      const answer = await fetch("/news?cursor=" + messages.children.length);
      for (const text of (await answer.json()).messages) {
        messages.appendChild(document.createElement("li")).textContent = text;
      }
    } catch (error) {
      await new Promise((resume) => setTimeout(resume, 1000));
    }
  }
}

listen();
