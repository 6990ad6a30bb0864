"""A thousand hostile runs in this process, as a table of pandas.

    pip install ./python pandas
    python examples/seeds.py 1000
"""
import sys

from quorate import sweep

count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
runs = sweep(seeds=range(count), n=4, twins=["P", "Q"])
table = runs.to_pandas()
print(table.groupby("verdict")[["messages", "views", "simulated_s"]].median())
print(runs.broken()[0]["command"])
