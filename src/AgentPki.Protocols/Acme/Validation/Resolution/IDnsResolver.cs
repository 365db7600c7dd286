namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>Looks up names for validation. The seam at which tests, and look-ups from several places in the network, put their own.</summary>
public interface IDnsResolver
{
    /// <param name="name">ASCII, with or without a final dot; no search list is applied.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled; everything else is <see cref="DnsAnswer.Failed"/>.</exception>
    ValueTask<DnsAnswer> QueryAsync(string name, DnsRecordType type, CancellationToken cancellationToken);
}
