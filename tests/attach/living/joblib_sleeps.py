# wide
# needs: joblib
import time

import joblib

if __name__ == "__main__":
    print("ready", flush=True)
    joblib.Parallel(n_jobs=2)(joblib.delayed(time.sleep)(120) for _ in range(4))
