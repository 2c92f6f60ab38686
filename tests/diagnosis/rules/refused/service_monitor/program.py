from multiprocessing import Process


class Service(Process):
    def __init__(self, service):
        self.service = service

    def run(self):
        print(self.service)


def main():
    service = Service("web")
    # finds: init_not_called error fork forkserver spawn
    service.start()
    service.join()


if __name__ == "__main__":
    main()
