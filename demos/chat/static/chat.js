"use strict";

// Sends what is typed, and holds one request open for what others say.

const list = document.getElementById("messages");
const form = document.getElementById("say");
const state = document.getElementById("state");
const xsrf = form.elements["_xsrf"].value;
let cursor = Number(list.dataset.cursor);

list.scrollTop = list.scrollHeight;

function show(message) {
  if (!document.getElementById("m" + message.id)) {
    list.insertAdjacentHTML("beforeend", message.html);
    list.lastElementChild.scrollIntoView({ block: "nearest" });
  }
}

async function post(url, fields) {
  const body = new URLSearchParams({ ...fields, _xsrf: xsrf });
  const answer = await fetch(url, { method: "POST", body });
  if (answer.redirected) {
    location.assign(answer.url);
  }
  if (!answer.ok) {
    throw new Error(answer.status + " " + answer.statusText);
  }
  return answer.json();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = form.elements["text"].value.trim();
  if (!text) {
    return;
  }
  try {
    show(await post("/messages/new", { text }));
    form.reset();
    state.textContent = "";
  } catch (error) {
    state.textContent = "Not sent: " + error.message;
  }
  form.elements["text"].focus();
});

async function listen() {
  let pause = 500;
  for (;;) {
    try {
      const { messages } = await post("/messages/updates", { cursor });
      for (const message of messages) {
        cursor = Math.max(cursor, message.id);
        show(message);
      }
      pause = 500;
      state.textContent = "";
    } catch (error) {
      state.textContent = "Reconnecting …";
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 30000);
    }
  }
}

listen();
