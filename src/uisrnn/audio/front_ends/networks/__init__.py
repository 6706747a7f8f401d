"""Networks with published weights, written for inference: functions of tensors, without recordings or blocks."""
