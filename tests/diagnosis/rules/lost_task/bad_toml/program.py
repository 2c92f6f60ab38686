"""Reads the settings of several hosts in a pool."""

# with: tomlkit

import multiprocessing

import tomlkit

HOSTS = {"a": "port = 80\n", "b": "port = = 81\n"}


def port(host):
    return tomlkit.parse(HOSTS[host])["port"]


def main():
    with multiprocessing.Pool(2) as pool:
        jobs = {host: pool.apply_async(port, (host,)) for host in HOSTS}
        for host, job in jobs.items():
            try:
                # finds: unreadable_result hang fork forkserver spawn
                print(host, job.get())
            except ValueError:
                print(host, "has no settings")


if __name__ == "__main__":
    main()
