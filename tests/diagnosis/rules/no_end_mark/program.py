from multiprocessing import Process, Queue

STOP = None


def resolve(names, answers):
    while True:
        name = names.get()
        if name is STOP:
            break
        answers.put((name, "10.0.0.%d" % len(name)))


def main(count=3):
    names, answers = Queue(), Queue()
    resolvers = [Process(target=resolve, args=(names, answers)) for _ in range(count)]
    for each in resolvers:
        each.start()
    hosts = ["db", "web", "cache", "mail"]
    for host in hosts:
        names.put(host)
    names.put(STOP)
    for host, address in sorted(answers.get() for _ in hosts):
        print(host, address)
    for each in resolvers:
        # finds: no_end_mark hang fork forkserver spawn
        each.join()
    print("all resolved")


if __name__ == "__main__":
    main()
