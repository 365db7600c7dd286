namespace AgentPki.Authority.Revocation.Lists;

/// <summary>Which certificates a CRL is about (RFC 5280 §5: the scope), and whether it is the complete one or the difference to an earlier complete one.</summary>
/// <param name="Authority">The CA's name.</param>
/// <param name="Shard">0: the certificates of a CA that has one CRL; 1 and up: those that were given to that shard when they were issued.</param>
/// <param name="IsDelta">RFC 5280 §5.2.4.</param>
public readonly record struct CertificateListScope(string Authority, int Shard = 0, bool IsDelta = false);
