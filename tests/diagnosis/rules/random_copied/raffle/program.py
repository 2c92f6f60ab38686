import random
from multiprocessing import Process, Queue


class Drum:
    def __init__(self):
        # finds: random_copied differs fork
        self.source = random.Random()

    def draw(self):
        return self.source.randrange(10**9)


class Hall:
    def __init__(self):
        self.drums = {}

    def drum(self, name):
        if name not in self.drums:
            self.drums[name] = Drum()
        return self.drums[name]


hall = None


def the_hall():
    global hall
    if hall is None:
        hall = Hall()
    return hall


def sell(out):
    out.put([the_hall().drum("red").draw() for _ in range(3)])


def main():
    the_hall().drum("red").draw()
    out = Queue()
    desks = [Process(target=sell, args=(out,)) for _ in range(3)]
    for desk in desks:
        desk.start()
    tickets = [ticket for _ in desks for ticket in out.get()]
    for desk in desks:
        desk.join()
    print("sold", len(tickets), "different", len(set(tickets)))


if __name__ == "__main__":
    main()
