"""Rendered faces and scenes whose boxes, points, pose, action units and persons are known exactly."""
