import multiprocessing as mp
import time


def play(turn, number, last):
    for _ in range(3):
        while turn.value != number:
            time.sleep(0.05)
        turn.value = number % last + 1


def main():
    turn = mp.Value("i", 1)
    players = [mp.Process(target=play, args=(turn, number, 2)) for number in (1, 2)]
    for player in players:
        player.start()
    for player in players:
        player.join()
    print("game over")


if __name__ == "__main__":
    main()
