# needs: 3
# A loop that looks like one that only asks: what it asks is the program's, and counts.
import time


class Countdown:
    def __init__(self, beats):
        self.beats = beats

    def is_alive(self):
        self.beats -= 1
        return self.beats > 0


countdown = Countdown(90)
while countdown.is_alive():
    time.sleep(0.1)
