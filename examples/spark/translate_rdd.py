"""Translates the second column of a TSV file, by RDD.pipe.

    spark-submit examples/spark/translate_rdd.py \\
        INPUT.tsv OUTPUT /usr/bin/shoal translate --model DIRECTORY --precision int8 --workers 1 --on-error empty

OUTPUT is a folder of TSV: key, text, translation. The tool's command needs a path, and gets no environment.
"""

import shlex
import sys

from pyspark.sql import SparkSession


def translated(pairs, command):
    """Pairs (key, text) as (key, text, translation).

    The tool gives a line for a line (`--on-error empty`), and `zip` fails where a partition has more or fewer. Without
    `checkCode` a tool that fails would be taken for one that is done.
    """
    texts = pairs.map(lambda pair: pair[1])
    outputs = texts.pipe(shlex.join(command), checkCode=True)
    return pairs.zip(outputs).map(lambda row: (*row[0], row[1]))


if __name__ == "__main__":
    source, target, *command = sys.argv[1:]
    context = SparkSession.builder.appName("shoal").getOrCreate().sparkContext
    pairs = context.textFile(source).map(lambda line: tuple(line.split("\t", 1)))
    translated(pairs, command).map("\t".join).saveAsTextFile(target)
    context.stop()
