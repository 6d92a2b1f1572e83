"""Data sets, device-resident images and augmentation."""
