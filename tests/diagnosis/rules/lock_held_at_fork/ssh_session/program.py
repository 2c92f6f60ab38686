"""Asks a host over SSH, in the parent and then in a worker, which has the parent's client."""

# with: paramiko

import multiprocessing
import socket
import subprocess
import sys

import paramiko


class Host(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        channel.sendall(command.upper())
        channel.send_exit_status(0)
        channel.shutdown_write()
        return True


def serve():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    key = paramiko.ECDSAKey.generate()
    kept = []
    while True:
        transport = paramiko.Transport(listener.accept()[0])
        transport.add_server_key(key)
        transport.start_server(server=Host())
        kept.append(transport)


clients = {}


def ask(port, word):
    if port not in clients:
        client = clients[port] = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect("127.0.0.1", port, "me", "word", look_for_keys=False, allow_agent=False)
    # finds: thread_gone_at_fork hang fork
    return clients[port].exec_command(word)[1].read().decode()


def main():
    host = subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(host.stdout.readline())
        print(ask(port, "first"), flush=True)
        with multiprocessing.Pool(1) as pool:
            print(pool.apply(ask, (port, "second")))
    finally:
        host.kill()
        host.wait()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
