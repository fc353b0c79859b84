"""Asks a reward server of icthp as five trainers do, and prints what they would make of its answers.

  icthp serve --model DIR --port 8000 --pickle
  python ask-as-trainers.py http://127.0.0.1:8000 "a red apple" apple.png apple.jpg

Python's own modules are enough. Answers are unpickled as those trainers do it: ask servers that you trust.
"""
import base64
import json
import pickle
import sys
import urllib.error
import urllib.request


def ask(address, body=None, content_type=None):
    """The status and the body of an answer."""
    headers = {"Content-Type": content_type or "application/octet-stream"}
    request = urllib.request.Request(address, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def ask_json(address, value):
    status, body = ask(address, json.dumps(value).encode(), "application/json")
    return status, json.loads(body)


def ask_pickled(address, value):
    status, body = ask(address, pickle.dumps(value, 4))
    # A server without --pickle says so in JSON.
    return status, json.loads(body) if body.startswith(b"{") else pickle.loads(body)


def main(server, prompt, *files):
    images = [open(name, "rb").read() for name in files]
    encoded = [base64.b64encode(image).decode() for image in images]
    prompts = [prompt] * len(images)
    rewards = json.loads(ask(f"{server}/rewards")[1])["rewards"]
    print("rewards served:", ", ".join(rewards))

    def show(trainer, path, answer):
        print(f"{trainer:12} POST {path:16} {answer[0]} {answer[1]}")

    requests = [
        {"history": [{"text": prompt, "image_b64": image}], "required_rewards": rewards, "metadata": None}
        for image in encoded
    ]
    show("UniRL", "/score", ask_json(f"{server}/score", {"requests": requests}))
    for reward in rewards:
        path = f"/{reward}/compute"
        show("Flow-Factory", path, ask_json(server + path, {"prompt": prompts, "image": encoded, "video": None}))
    for reward in rewards:
        request = {"images": images, "prompts": prompts}
        show("flow_grpo", f"/{reward}", ask_pickled(f"{server}/{reward}", request))
        # verl-omni sends one image a request; deepgen_rl all of them, to an address with a slash at its end.
        one = {"images": images[:1], "prompts": prompts[:1], "metadata": {}}
        show("verl-omni", f"/{reward}", ask_pickled(f"{server}/{reward}", one))
        show("deepgen_rl", f"/{reward}/", ask_pickled(f"{server}/{reward}/", {**request, "metadata": {}}))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1].rstrip("/"), *sys.argv[2:])
