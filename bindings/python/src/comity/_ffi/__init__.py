from .comity import *  # NOQA
