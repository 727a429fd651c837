"""What listens beside the port of the pages: gRPC, UDP, and the ports that protocols are known by."""
