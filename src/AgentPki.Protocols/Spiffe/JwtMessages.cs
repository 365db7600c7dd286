using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Protocols.Spiffe.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPki.Protocols.Spiffe;

/// <summary>The messages of the JWT-SVID profile (SPIFFE Workload API §7).</summary>
internal sealed class JwtMessages(SpiffeServices services, WorkloadCalls calls)
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);
    private readonly WorkloadAuthority _workloads = services.Workloads;

    /// <summary>A token of each entry that may have one now, or of the one whose ID is asked for.</summary>
    public async Task<JWTSVIDResponse> IssueAsync(JWTSVIDRequest request, WorkloadPeer peer, CancellationToken cancellationToken)
    {
        if (request.Audience.Count is 0 or > JwtSvids.MostAudiences || request.Audience.Any(a => a.Length is 0 or > JwtSvids.LongestAudience || a.Any(char.IsControl)))
        {
            throw SpiffeProblems.Malformed($"1 to {JwtSvids.MostAudiences} audiences of 1 to {JwtSvids.LongestAudience} characters are wanted");
        }

        var entries = (await calls.IdentifyAsync(peer, cancellationToken)).Where(e => request.SpiffeId.Length == 0 || e.Id == request.SpiffeId).ToImmutableArray();
        if (entries.IsEmpty)
        {
            throw SpiffeProblems.NoIdentity("that identity is not registered for this process");
        }

        var (response, problem) = (new JWTSVIDResponse(), (PkiProblem?)null);
        foreach (var entry in entries)
        {
            switch (await IssueAsync(entry, [.. request.Audience], cancellationToken))
            {
                case Outcome<string>.Done(var token):
                    response.Svids.Add(new JWTSVID { SpiffeId = entry.Id, Svid = token, Hint = entry.Hint });
                    break;
                case Outcome<string>.Refused(var refused):
                    problem ??= refused;
                    break;
            }
        }

        if (response.Svids.Count == 0 && problem is not null)
        {
            throw SpiffeProblems.Of(problem);
        }

        Log.Given(services.Logger, peer.Credentials.ProcessId, peer.Credentials.UserId, $"{string.Join(", ", response.Svids.Select(s => s.SpiffeId))} as JWT for {string.Join(' ', request.Audience)}");
        return response;
    }

    /// <summary>What verifies JWT-SVIDs, by trust domain.</summary>
    public async ValueTask<StreamMessage<JWTBundlesResponse>> BundlesAsync(WorkloadPeer peer, ImmutableArray<WorkloadEntry> entries, CancellationToken cancellationToken)
    {
        await RequireIdentityAsync(entries, cancellationToken);
        var response = new JWTBundlesResponse { Bundles = { [$"spiffe://{_workloads.Bundles.TrustDomain}"] = UnsafeByteOperations.UnsafeWrap(BundleKeys.Encode(await _workloads.Tokens.VerifiersAsync(cancellationToken))) } };
        foreach (var (domain, bundle) in services.FederatedWith(entries))
        {
            response.Bundles[$"spiffe://{domain}"] = UnsafeByteOperations.UnsafeWrap(BundleKeys.Encode(bundle.Keys));
        }

        var version = Convert.ToHexString(SHA256.HashData(response.ToByteArray()));
        return new StreamMessage<JWTBundlesResponse>(version, services.Time.GetUtcNow() + Look, _ => new(response), static () => { });
    }

    /// <summary>Whether a token is good for an audience, and what it says.</summary>
    public async Task<ValidateJWTSVIDResponse> ValidateAsync(ValidateJWTSVIDRequest request, WorkloadPeer peer, CancellationToken cancellationToken)
    {
        if (request.Audience.Length == 0 || request.Svid.Length == 0)
        {
            throw SpiffeProblems.Malformed("an audience and a token are wanted");
        }

        var entries = await calls.IdentifyAsync(peer, cancellationToken);
        await RequireIdentityAsync(entries, cancellationToken);
        var (claims, problem) = await _workloads.Tokens.ValidateAsync(request.Svid, request.Audience, _workloads.Bundles.TrustDomain, (domain, ending) => KeysOfAsync(domain, entries, ending), cancellationToken);
        return claims is null
            ? throw SpiffeProblems.Malformed(problem ?? "the token is not valid")
            : new ValidateJWTSVIDResponse { SpiffeId = claims.Subject.ToString(), Claims = JsonParser.Default.Parse<Struct>(System.Text.Encoding.UTF8.GetString(claims.Json.Span)) };
    }

    private async ValueTask<IReadOnlyList<NamedKey>?> KeysOfAsync(string trustDomain, ImmutableArray<WorkloadEntry> entries, CancellationToken cancellationToken) =>
        trustDomain == _workloads.Bundles.TrustDomain ? await _workloads.Tokens.VerifiersAsync(cancellationToken)
        : services.FederatedWith(entries).FirstOrDefault(f => f.TrustDomain == trustDomain).Bundle?.Keys;

    // The X.509-SVID first: it is what registers the agent, and what a revocation takes away.
    private async ValueTask<Outcome<string>> IssueAsync(WorkloadEntry entry, IReadOnlyList<string> audiences, CancellationToken cancellationToken) =>
        await _workloads.Svids.CurrentAsync(entry, cancellationToken) switch
        {
            Outcome<X509Svid>.Done(var svid) => await _workloads.Tokens.IssueAsync(svid, audiences, cancellationToken),
            Outcome<X509Svid>.Refused(var problem) => new Outcome<string>.Refused(problem),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private async ValueTask RequireIdentityAsync(ImmutableArray<WorkloadEntry> entries, CancellationToken cancellationToken)
    {
        PkiProblem? problem = null;
        foreach (var entry in entries)
        {
            if (await _workloads.Svids.CurrentAsync(entry, cancellationToken) is not Outcome<X509Svid>.Refused(var refused))
            {
                return;
            }

            problem ??= refused;
        }

        throw SpiffeProblems.Of(problem ?? new PkiProblem(PkiProblemKind.Unauthorized, "no identity"));
    }
}
