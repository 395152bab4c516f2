"""
scripted_card.py: a program that is a card in vsmartcard's virtual reader, and answers what it was told to answer.

usage: scripted_card.py PORT ATR [COMMAND=RESPONSE ...]

COMMAND is the beginning of a command APDU in hexadecimal digits; the first that fits answers with RESPONSE, the word
"stall" with nothing for ever. What fits none is answered with 9000. Each command is printed, a line each.
"""
import socket
import sys
import time

POWER_OFF, POWER_ON, RESET, GET_ATR = 0, 1, 2, 4


def receive(connection, length):
    octets = b""
    while len(octets) < length:
        part = connection.recv(length - len(octets))
        if not part:
            sys.exit(0)
        octets += part
    return octets


def answer_of(script, command):
    for beginning, response in script:
        if command.startswith(beginning):
            return response
    return "9000"


def main():
    port, atr = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
    script = [tuple(rule.split("=")) for rule in sys.argv[3:]]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while True:
            message = receive(connection, int.from_bytes(receive(connection, 2), "big"))
            if len(message) == 1 and message[0] != GET_ATR:
                continue
            answer = atr
            if len(message) > 1:
                print(message.hex(), flush=True)
                response = answer_of(script, message.hex())
                while response == "stall":
                    time.sleep(1)
                answer = bytes.fromhex(response)
            connection.sendall(len(answer).to_bytes(2, "big") + answer)


main()
