"""This package reads and writes pads as Etherpad stores and exports them: records with keys like
``pad:<id>:revs:<n>`` and JSON values. An ``.etherpad`` file is one JSON object with the records of
one pad."""
