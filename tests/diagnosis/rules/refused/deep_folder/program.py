import multiprocessing
import os
import shutil
import tempfile


def build(folder):
    with open(os.path.join(folder, "built"), "w") as file:
        file.write("yes")


def main():
    root = tempfile.mkdtemp()
    folder = os.path.join(root, "work-of-this-build", "and-its-temporary-files" * 4)
    os.makedirs(folder)
    # finds: socket_path_too_long error forkserver
    tempfile.tempdir = folder
    builder = multiprocessing.Process(target=build, args=(folder,))
    builder.start()
    builder.join()
    print(os.listdir(folder))
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
