import sys

from robustmoll.cli.main import main

sys.exit(main())
