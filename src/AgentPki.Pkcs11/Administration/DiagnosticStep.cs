namespace AgentPki.Pkcs11.Administration;

/// <summary>One thing the doctor looked at.</summary>
/// <param name="Finding">What is there, or what is wrong.</param>
/// <param name="Remedy">What to do; null when it is well.</param>
public sealed record DiagnosticStep(string Name, bool Ok, string Finding, string? Remedy = null);
