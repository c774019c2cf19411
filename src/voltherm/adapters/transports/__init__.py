"""How clients reach what they speak with: deadlines, retries, breakers and foreign exceptions stand here, once."""
