using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Protocols.Spiffe.Wire;
using AgentPki.X509.Certificates;
using Google.Protobuf;

namespace AgentPki.Protocols.Spiffe;

/// <summary>The messages of the X.509-SVID profile (SPIFFE Workload API §6).</summary>
internal sealed class X509Messages(SpiffeServices services)
{
    // A CRL that was renewed in time, a root that ended: nothing tells of it.
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    private readonly WorkloadAuthority _workloads = services.Workloads;

    private string OwnDomain => $"spiffe://{_workloads.Bundles.TrustDomain}";

    /// <summary>The SVIDs of all entries that may have one now, what verifies them, and what is revoked.</summary>
    public async ValueTask<StreamMessage<X509SVIDResponse>> SvidsAsync(WorkloadPeer peer, ImmutableArray<WorkloadEntry> entries, CancellationToken cancellationToken)
    {
        var svids = await SvidsOfAsync(entries, cancellationToken);
        var bundle = Concatenate(_workloads.Bundles.Roots());
        var lists = await _workloads.Bundles.CertificateListsAsync(cancellationToken);
        var keys = new List<byte[]>();
        var foreign = ForeignOf(svids.Select(s => s.Entry));
        var version = $"{Digest(bundle)} {lists.Version} {VersionOf(foreign)} {string.Join(' ', svids.Select(s => $"{s.Certificate.SerialHex} {s.Entry.Digest}"))}";
        return new StreamMessage<X509SVIDResponse>(version, svids.Select(s => s.RotateAt).Append(services.Time.GetUtcNow() + Look).Min(), CompleteAsync, () => keys.ForEach(k => CryptographicOperations.ZeroMemory(k)));

        async ValueTask<X509SVIDResponse?> CompleteAsync(CancellationToken ending)
        {
            var response = new X509SVIDResponse();
            foreach (var svid in svids)
            {
                if (svid.CopyKey() is not { } key)
                {
                    return null;
                }

                keys.Add(key);
                response.Svids.Add(new X509SVID
                {
                    SpiffeId = svid.Entry.Id,
                    X509Svid = Concatenate([svid.Certificate, .. svid.Intermediates]),
                    X509SvidKey = UnsafeByteOperations.UnsafeWrap(key), // not copied: what is zeroized after the message was written is all there is of it here
                    Bundle = bundle,
                    Hint = svid.Entry.Hint,
                });
            }

            response.Crl.AddRange((await lists.ReadAsync(ending)).Select(UnsafeByteOperations.UnsafeWrap));
            response.FederatedBundles.Add(foreign);
            Log.Given(services.Logger, peer.Credentials.ProcessId, peer.Credentials.UserId, string.Join(", ", svids.Select(s => $"{s.Entry.Id} ({s.Certificate.SerialHex})")));
            return response;
        }
    }

    /// <summary>What verifies X.509-SVIDs, and what is revoked.</summary>
    public async ValueTask<StreamMessage<X509BundlesResponse>> BundlesAsync(WorkloadPeer peer, ImmutableArray<WorkloadEntry> entries, CancellationToken cancellationToken)
    {
        await RequireIdentityAsync(entries, cancellationToken);
        var bundle = Concatenate(_workloads.Bundles.Roots());
        var lists = await _workloads.Bundles.CertificateListsAsync(cancellationToken);
        var foreign = ForeignOf(entries);
        return new StreamMessage<X509BundlesResponse>($"{Digest(bundle)} {lists.Version} {VersionOf(foreign)}", services.Time.GetUtcNow() + Look, CompleteAsync, static () => { });

        async ValueTask<X509BundlesResponse?> CompleteAsync(CancellationToken ending)
        {
            var response = new X509BundlesResponse { Bundles = { [OwnDomain] = bundle } };
            response.Bundles.Add(foreign);
            response.Crl.AddRange((await lists.ReadAsync(ending)).Select(UnsafeByteOperations.UnsafeWrap));
            return response;
        }
    }

    /// <summary>That some entry's agent may have an identity now: who may not, gets nothing else either.</summary>
    public async ValueTask RequireIdentityAsync(ImmutableArray<WorkloadEntry> entries, CancellationToken cancellationToken) => await SvidsOfAsync(entries, cancellationToken);

    /// <summary>At least one.</summary>
    /// <exception cref="Grpc.Core.RpcException">None of the entries gets any; its status is the first one's reason.</exception>
    private async ValueTask<List<X509Svid>> SvidsOfAsync(ImmutableArray<WorkloadEntry> entries, CancellationToken cancellationToken)
    {
        var (svids, problem) = (new List<X509Svid>(entries.Length), (PkiProblem?)null);
        foreach (var entry in entries)
        {
            switch (await _workloads.Svids.CurrentAsync(entry, cancellationToken))
            {
                case Outcome<X509Svid>.Done(var svid):
                    svids.Add(svid);
                    break;
                case Outcome<X509Svid>.Refused(var refused):
                    // What can be had in a moment is not taken away: the stream waits with what it has said.
                    problem = problem is null || refused.Kind == PkiProblemKind.Unavailable ? refused : problem;
                    break;
            }
        }

        return problem is { } why && (svids.Count == 0 || why.Kind == PkiProblemKind.Unavailable) ? throw SpiffeProblems.Of(why) : svids;
    }

    private Dictionary<string, ByteString> ForeignOf(IEnumerable<WorkloadEntry> entries) =>
        services.FederatedWith(entries).ToDictionary(f => $"spiffe://{f.TrustDomain}", f => Concatenate(f.Bundle.Roots), StringComparer.Ordinal);

    private static string VersionOf(Dictionary<string, ByteString> bundles) => string.Join(' ', bundles.Select(b => $"{b.Key}={Digest(b.Value)}"));

    private static string Digest(ByteString octets) => Convert.ToHexString(SHA256.HashData(octets.Span));

    private static ByteString Concatenate(IEnumerable<Certificate> certificates)
    {
        using var all = new MemoryStream();
        foreach (var certificate in certificates)
        {
            all.Write(certificate.Der.Span);
        }

        return UnsafeByteOperations.UnsafeWrap(all.ToArray());
    }
}
