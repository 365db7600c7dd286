using System.Collections.Immutable;
using AgentPki.Authority.Checkpoints;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;

namespace AgentPki.Authority.Delegation;

/// <summary>Puts together what an agent hands to strangers: its grant and those above it, each with the certificate that signed it and its proof from the ledger.</summary>
public sealed class GrantBundles
{
    private readonly RequesterAuthenticator _authenticator;
    private readonly AuthorityStores _stores;
    private readonly IssuerDirectory _issuers;
    private readonly CheckpointService _checkpoints;
    private readonly string _policyOid;

    internal GrantBundles(RequesterAuthenticator authenticator, AuthorityStores stores, IssuerDirectory issuers, CheckpointService checkpoints, string policyOid) =>
        (_authenticator, _stores, _issuers, _checkpoints, _policyOid) = (authenticator, stores, issuers, checkpoints, policyOid);

    /// <summary>The bundle of an agent that has its certificate, as its certificate's policy names it; one that is nobody's child has one without grants.</summary>
    /// <param name="presented">The client certificate of the connection.</param>
    public async ValueTask<Outcome<GrantBundle>> OfAsync(Certificate presented, CancellationToken cancellationToken)
    {
        var (who, problem) = await _authenticator.AuthenticateAsync(new Requester.AgentCertificate(presented), cancellationToken);
        if (problem is not null || who is not AuthenticatedRequester.ByCertificate by)
        {
            return new Outcome<GrantBundle>.Refused(problem ?? new PkiProblem(PkiProblemKind.Unauthenticated, "an agent's certificate is needed"));
        }

        var bundle = await OfAsync(PolicyReading.Of(by.Certificate, _policyOid)?.Parent?.Grant, cancellationToken);
        return new Outcome<GrantBundle>.Done(bundle with { Intermediates = [.. bundle.Intermediates.Union(IntermediatesOf(by.Certificate))] });
    }

    /// <summary>The bundle that begins with a grant; empty without one.</summary>
    public async ValueTask<GrantBundle> OfAsync(ReadOnlyMemory<byte>? digest, CancellationToken cancellationToken)
    {
        var (records, next) = (new List<(GrantRecord Record, SignedGrant Grant)>(), digest);
        while (next is { } wanted && records.Count <= AgentPolicy.MaximumDepth && await _stores.Grants.FindGrantAsync(wanted, cancellationToken) is { } record && SignedGrant.TryParse(record.Text, out var grant, out _))
        {
            records.Add((record, grant));
            next = grant.Statement.ParentGrant;
        }

        var checkpoint = records.Count == 0 ? null : await CheckpointOverAsync(records.Max(r => r.Record.Leaf), cancellationToken);
        var links = ImmutableArray.CreateBuilder<GrantLink>(records.Count);
        var intermediates = new HashSet<Certificate>();
        foreach (var (record, grant) in records)
        {
            if (await _stores.Certificates.FindAsync(record.SignerAuthority, record.SignerSerial, cancellationToken) is not { } signer)
            {
                break; // what is missing the verifier finds
            }

            var certificate = Certificate.Parse(signer.Certificate.Der);
            links.Add(new GrantLink(grant, certificate, await ProofAsync(record.Leaf, checkpoint, cancellationToken)));
            intermediates.UnionWith(IntermediatesOf(certificate));
        }

        return new GrantBundle(links.ToImmutable(), [.. intermediates]);
    }

    private IEnumerable<Certificate> IntermediatesOf(Certificate certificate) => _issuers.FindIssuerOf(certificate)?.Chain.Where(c => !c.IsSelfIssued) ?? [];

    // The grant is a moment old, and heads are signed each second at most: one is signed for it. With the token away there is no proof yet, and the bundle is asked for again.
    private async ValueTask<SignedCheckpoint?> CheckpointOverAsync(long leaf, CancellationToken cancellationToken)
    {
        var newest = await _stores.Ledger.LatestCheckpointAsync(cancellationToken);
        if (newest is null || newest.Checkpoint.Size <= leaf)
        {
            await _checkpoints.SignAsync(cancellationToken);
            newest = await _stores.Ledger.LatestCheckpointAsync(cancellationToken);
        }

        return newest;
    }

    private async ValueTask<string?> ProofAsync(long leaf, SignedCheckpoint? checkpoint, CancellationToken cancellationToken)
    {
        if (checkpoint is null || checkpoint.Checkpoint.Size <= leaf || await _stores.Ledger.FindAsync(leaf, cancellationToken) is not { } record)
        {
            return null;
        }

        return TlogProof.Of(record, await new MerkleProver(_stores.Ledger).InclusionProofAsync(leaf, checkpoint.Checkpoint.Size, cancellationToken), checkpoint, withDetails: true).ToString();
    }
}
