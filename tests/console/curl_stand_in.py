"""As much of curl as the lines that `windfall up` prints need, for machines without it."""

import argparse
import base64
import sys
import urllib.error
import urllib.request


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-sS", action="store_true")
    parser.add_argument("-u")
    parser.add_argument("-H", action="append")
    parser.add_argument("-d")
    parser.add_argument("-w")
    parser.add_argument("url")
    given = parser.parse_args()
    request = urllib.request.Request(given.url, data=given.d.encode() if given.d else None)
    for header in given.H or []:
        name, _, value = header.partition(": ")
        request.add_header(name, value)
    if given.u:
        request.add_header("Authorization", "Basic " + base64.b64encode(given.u.encode()).decode())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, body = refused.code, refused.read()
    sys.stdout.write(body.decode() + given.w.replace("%{http_code}", str(status)))


if __name__ == "__main__":
    main()
