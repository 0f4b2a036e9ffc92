"""The trained methods of Table 1, one module each; CONTRIBUTING.md shows how to add one.

A module declares, as literals, its ``TITLE`` in tables and the ``SETTINGS`` that it changes or adds, and has
``train``, which writes a model and its history, and ``read``, which reads that model. Modules without a TITLE
are shared by several methods.
"""
