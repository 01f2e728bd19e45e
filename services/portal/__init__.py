"""The face of the city: pages for citizens, firms and officers. It owns no case; it asks the services."""
