"""The paper's probability (arXiv:1810.04719), an idea a file. Read the files in this order:

- joint.py: Eq. (5), the joint probability of observations, labels and changes;
- transition.py: Eq. (6) and (13), whether the label changes, and the estimate of p0;
- assignment.py: Eq. (7), which label follows a change, and the estimates of alpha;
- label_prior.py: both together; groups.py: both for observations of the same time;
- observation.py: Eq. (11), and the seam between observation models and everything that uses them;
- gru.py and running_mean.py: Eq. (8) to (10), the observation model of the paper;
- plda.py and unmixing.py: observation models in closed form;
- registry.py and conventions.py: the choice among all of these; model.py: all of this as a value;
- fast/: twins of gru.py and plda.py that give the same results in less time.
"""
