"""Uses the pool of another module."""
import hot_workers

if __name__ == "__main__":
    print(hot_workers.run([1, 2]))
    hot_workers.pool.close()
    hot_workers.pool.join()
