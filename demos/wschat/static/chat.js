"use strict";
// Talks to /socket, and comes back by itself, with growing delays, when the connection is lost.

const show = (id) => document.getElementById(id);
let socket = null;
let name = null;
let delay = 250;
let seen = new Set();
// How often a connection that stood was lost, for whoever watches.
window.losses = 0;

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  let stood = false;
  socket = new WebSocket(`${scheme}://${location.host}/socket`);
  socket.onopen = () => {
    stood = true;
    delay = 250;
    if (name !== null) join();
  };
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = () => {
    if (stood) window.losses += 1;
    show("state").textContent = "connecting …";
    setTimeout(connect, delay * (0.5 + Math.random() / 2));
    delay = Math.min(2 * delay, 10000);
  };
}

function send(kind, text) {
  socket.send(JSON.stringify({ kind, text }));
}

function join() {
  show("messages").replaceChildren();
  seen = new Set();
  send("join", name);
}

function receive(message) {
  if (message.kind === "welcome") {
    show("state").textContent = `connected to process ${message.process}`;
    show("state").dataset.process = message.process;
  } else if (message.kind === "joined") {
    show("join").hidden = true;
    show("say").hidden = false;
    show("text").focus();
  } else if (message.kind === "said" && !seen.has(message.id)) {
    seen.add(message.id);
    const line = document.createElement("li");
    const author = document.createElement("b");
    author.textContent = `${message.author}: `;
    line.append(author, message.text);
    show("messages").append(line);
    line.scrollIntoView({ block: "nearest" });
  }
}

show("join").onsubmit = (event) => {
  event.preventDefault();
  name = show("name").value;
  join();
};

show("say").onsubmit = (event) => {
  event.preventDefault();
  send("say", show("text").value);
  show("text").value = "";
};

connect();
