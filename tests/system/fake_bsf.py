"""fake_bsf.py: a BSF made by hand for one subscriber, with a fault of choice: what must a device not fall for?"""
import http.server
import secrets
import threading
import time

from milenage import Run, b64, digest_response, mask_autn
from raw_http import parse_directives

DOCUMENT = ('<?xml version="1.0" encoding="UTF-8"?>\n<BootstrappingInfo xmlns="uri:3gpp-gba"><btid>{}</btid>'
            "<lifetime>{}</lifetime></BootstrappingInfo>")


class FakeBsf:
    """Serves on a port of its own until it is closed."""

    def __init__(self, subscriber, fault=None, body=None, challenge=None, changes=None, first_status=401):
        self.subscriber = subscriber
        self.fault = fault
        self.body = body
        self.challenge = challenge
        self.changes = changes or {}
        self.first_status = first_status
        self.run = Run(subscriber, secrets.token_bytes(16))
        self.lifetime = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
        self.user_agent = ""
        self.requests = 0
        self.response_was_right = False
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def b_tid(self):
        return self.run.b_tid

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler_class(self):
        bsf = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                bsf.requests += 1
                bsf.user_agent = self.headers["User-Agent"]
                directives = parse_directives(self.headers["Authorization"])
                if bsf.fault == "hangs_up":
                    self.close_connection = True
                elif directives["nonce"] == "" or bsf.fault == "for_ever":
                    bsf.answer_first(self)
                else:
                    bsf.answer_second(self, directives)

            def log_message(self, *_):
                pass

        return Handler

    @staticmethod
    def _answer(handler, status, headers, body=b""):
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _challenge(self):
        autn = self.subscriber.milenage.autn(self.run.rand, (self.requests << 5).to_bytes(6, "big"))
        nonce = b64(self.run.rand + mask_autn(autn, self.run.ik))
        directives = {"realm": f'"{self.subscriber.bsf_fqdn}"', "nonce": f'"{nonce}"', "qop": '"auth-int"',
                      "opaque": '"00ff"', "algorithm": "AKAv1-MD5"}
        directives.update(self.changes)
        return "Digest " + ", ".join(f"{name}={value}" for name, value in directives.items() if value is not None)

    def answer_first(self, handler):
        if self.fault == "for_ever":
            self.run = Run(self.subscriber, secrets.token_bytes(16))
        headers = [("Location", f"http://127.0.0.1:{self._server.server_address[1]}/elsewhere")]
        if self.first_status == 401:
            headers = [("WWW-Authenticate", self._challenge() if self.challenge is None else self.challenge)]
        self._answer(handler, self.first_status, headers)

    def answer_second(self, handler, directives):
        password = self.run.res_of_gba_u
        self.response_was_right = directives["response"] == digest_response(directives, password, "GET")
        body = DOCUMENT.format(self.b_tid, self.lifetime).encode() if self.body is None else self.body
        proof = digest_response(directives, password, "", body)
        if self.fault == "wrong_rspauth":
            proof = proof[::-1]
        if self.fault == "body_changed":
            body = body.replace(b"</lifetime>", b" </lifetime>")
        info = f'qop=auth-int, rspauth="{proof}", cnonce="{directives["cnonce"]}", nc={directives["nc"]}, opaque="00ff"'
        info = {"no_rspauth": info.replace("rspauth", "rspouth"), "empty_info": ""}.get(self.fault, info)
        headers = [("Content-Type", "application/vnd.3gpp.bsf+xml")]
        if self.fault != "no_info":
            headers.append(("Authentication-Info", info))
        self._answer(handler, 200, headers, body)
