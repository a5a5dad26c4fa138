"""A local Microsoft Graph, for the demo, the tests and anyone who develops against Graph. See its README.

Doors: hosting, scenario; and the names that stand here.
"""

from activation_sync.emulator.emulator import Emulator, open_emulator
from activation_sync.emulator.faults.faults import Fault
from activation_sync.emulator.scenario import EmulatedTenant, Scenario

__all__ = ["EmulatedTenant", "Emulator", "Fault", "Scenario", "open_emulator"]
