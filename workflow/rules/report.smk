# Table 1 and Figures 4 to 7.
