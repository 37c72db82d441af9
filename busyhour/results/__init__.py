"""What a run leaves behind: call records, KPIs with their intervals, the summary, the table and the report.

Knows no simulation: it is handed packed rows, tallies and names as plain data.
"""
