#!/usr/bin/env python3
"""A receiver of webhooks: prints who of a group is there. Nothing but Python's own library.

    ROLLCALL_WEBHOOK_SECRET=whsec_… ./webhook.py 8080

Put something in front of it that speaks TLS: the service posts in the open to no one but networks it was told of.
"""

import base64
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


def genuine(headers, body, secret, now=time.time):
    signed = b'%s.%s.%s' % (headers['webhook-id'].encode(), headers['webhook-timestamp'].encode(), body)
    mine = b'v1,' + base64.b64encode(hmac.digest(base64.b64decode(secret.removeprefix('whsec_')), signed, 'sha256'))
    fresh = abs(now() - int(headers['webhook-timestamp'])) < 300
    return fresh and any(hmac.compare_digest(mine, one.encode()) for one in headers['webhook-signature'].split())


class Receiver(BaseHTTPRequestHandler):
    most = 4 << 20  # bytes of a post

    def do_POST(self):
        try:
            body = self.rfile.read(min(int(self.headers['content-length']), self.most))
            ok = genuine(self.headers, body, self.server.secret)
        except (AttributeError, TypeError, ValueError):
            ok = False  # something is missing, or no number
        self.send_response(204 if ok else 401)
        self.end_headers()
        if ok:
            for change in json.loads(body)['changes']:
                print(json.dumps(change), flush=True)

    def log_message(self, *_):
        pass


if __name__ == '__main__':
    server = HTTPServer(('127.0.0.1', int(sys.argv[1])), Receiver)
    server.secret = os.environ['ROLLCALL_WEBHOOK_SECRET']
    print('receiving at', server.server_port, flush=True)
    server.serve_forever()
