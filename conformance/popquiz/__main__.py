# SPDX-License-Identifier: Apache-2.0
"""python -m popquiz"""

import sys

from popquiz.cli import main

sys.exit(main())
