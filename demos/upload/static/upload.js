// Sends the chosen file as the content of one PUT request, and shows how far it is.
"use strict";
const token = document.currentScript.dataset.token;

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const file = document.getElementById("file").files[0];
  const result = document.getElementById("result");
  const request = new XMLHttpRequest();
  request.open("PUT", "/files/" + encodeURIComponent(file.name));
  request.setRequestHeader("X-XSRFToken", token);
  request.upload.onprogress = (progress) => {
    document.getElementById("progress").value = progress.loaded / Math.max(progress.total, 1);
  };
  request.onerror = () => { result.textContent = "The connection broke."; };
  request.onload = () => {
    if (request.status !== 201) {
      result.textContent = "Refused: " + request.status + " " + request.statusText;
      return;
    }
    const answer = JSON.parse(request.responseText);
    result.textContent = answer.name + ": " + answer.size + " bytes, SHA-256 " + answer.sha256;
    const link = document.createElement("a");
    link.href = "/download/" + encodeURIComponent(answer.name);
    link.textContent = answer.name;
    const item = document.createElement("li");
    item.append(link, " " + answer.size + " bytes");
    document.getElementById("files").append(item);
  };
  request.send(file);
});
