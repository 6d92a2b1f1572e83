"""SynFlow (Tanaka, Kunin, Yamins and Ganguli, 2020), its four rivals, and the course assignment built on it."""
