"""Translates the column `text` of a table with the columns `id` and `text`, by DataFrame.mapInPandas.

    spark-submit --py-files examples/spark/shoal_filter.py examples/spark/translate_frame.py \\
        INPUT.json OUTPUT shoal translate --model DIRECTORY --precision int8 --workers 1 --on-error empty

INPUT is JSON, an object a line, OUTPUT a folder of the same with `translation`. Everything behind is the tool's
command, which starts once a partition on the machines that do the work.
"""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.types import StringType, StructField, StructType


def translated(frame, command):
    """The table with a column `translation`; a row keeps its other columns, so nothing depends on order."""

    def partition(tables):
        # Imported where the work is done.
        from shoal_filter import Translator

        with Translator(command) as translator:
            for table in tables:
                # A null is NaN in some versions of pandas.
                texts = [text if isinstance(text, str) else None for text in table["text"]]
                yield table.assign(translation=translator.translate(texts))

    return frame.mapInPandas(
        partition, StructType([*frame.schema.fields, StructField("translation", StringType())]))


if __name__ == "__main__":
    source, target, *command = sys.argv[1:]
    session = SparkSession.builder.appName("shoal").getOrCreate()
    frame = session.read.schema("id LONG, text STRING").json(source)
    translated(frame, command).write.json(target)
    session.stop()
