//! The compiled modules that the benchmarks measure beside this library, all in one folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::env::Env;
use crate::tools::{Doing, Failure, Outcome, cargo, program, quiet, root, step, target};

const NEEDS: &str = "It needs compilers of C and C++, and Python's headers (on Debian: apt install g++ python3-dev).";

/// Builds the modules for an environment.
pub(super) struct Builder {
    env: Env,
    folder: PathBuf,
}

impl Builder {
    pub(super) fn new(env: Env) -> Outcome<Self> {
        let folder = target().join("bench");
        std::fs::create_dir_all(&folder).doing(|| format!("making {}", folder.display()))?;
        Ok(Self { env, folder })
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    /// Where the modules lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bare C extension that hands arrays over.
    pub(super) fn floor(&self) -> Outcome<()> {
        let headers =
            self.asked("import numpy, sysconfig; print(sysconfig.get_path('include')); print(numpy.get_include())")?;
        let mut compile = self.compile("CC", "cc", "floor", &headers);
        step("building the bare C extension").run(compile.arg(root().join("benches/floor.c")), NEEDS)
    }

    /// The loops of calls in C, in C++ with nanobind, in Mojo where it installs, and in Rust with this library and PyO3.
    pub(super) fn calls(&self) -> Outcome<()> {
        let sources = root().join("benches/calls");
        let headers = self.asked("import sysconfig; print(sysconfig.get_path('include'))")?;
        let mut c = self.compile("CC", "cc", "calls_c", &headers);
        step("building the calls of bare C").run(c.arg(sources.join("calls.c")), NEEDS)?;

        let nanobind = self.asked("import nanobind; print(nanobind.source_dir()); print(nanobind.include_dir())")?;
        let [source, include] = nanobind.as_slice() else {
            return Err(Failure::new(format!("expected two folders of nanobind but found {nanobind:?}")));
        };
        let source = PathBuf::from(source);
        let robin_map = source.join("../ext/robin_map/include").display().to_string();
        let headers: Vec<_> = headers.into_iter().chain([include.clone(), robin_map]).collect();
        let mut cpp = self.compile("CXX", "c++", "calls_nanobind", &headers);
        // As nanobind's own build has them.
        cpp.args(["-std=c++17", "-DNDEBUG", "-fvisibility=hidden", "-fno-strict-aliasing"]);
        cpp.arg(source.join("nb_combined.cpp")).arg(sources.join("calls.cpp"));
        step("building the calls of nanobind").run(&mut cpp, NEEDS)?;

        let mojo = self.env.interpreter().with_file_name("mojo");
        if mojo.exists() {
            let mut build = self.env.program(mojo);
            build.args(["build", "-O3", "--emit", "shared-lib"]).arg(sources.join("calls.mojo"));
            step("building the calls of Mojo").run(build.arg("-o").arg(self.folder.join("calls_mojo.so")), NEEDS)?;
        }

        let built = self.folder.join("cargo");
        let mut rust = self.env.enter(cargo());
        rust.args(["build", "--release", "--manifest-path"]).arg(sources.join("Cargo.toml"));
        rust.arg("--target-dir").arg(&built).env("PYO3_PYTHON", self.env.interpreter());
        step("building the calls of this library and of PyO3")
            .run(&mut rust, "The compiler's message stands above.")?;
        let (made, module) = (built.join("release/libcalls_rust.so"), self.folder.join("calls_rust.so"));
        // Removed first: an earlier run may still have the file mapped.
        let _ = std::fs::remove_file(&module);
        std::fs::copy(&made, &module).doing(|| format!("copying {}", made.display())).map(drop)
    }

    /// The lines that the environment's interpreter prints.
    fn asked(&self, code: &str) -> Outcome<Vec<String>> {
        let asked = quiet(self.env.program(self.env.interpreter()).args(["-c", code]));
        let asked = asked.doing(|| "asking for headers".to_owned())?;
        if !asked.status.success() {
            return Err(Failure::new(format!("asking for headers: {}", asked.output.trim())));
        }
        Ok(asked.output.lines().map(str::to_owned).collect())
    }

    /// A compiler that makes a module; its sources are to be added.
    fn compile(&self, variable: &str, usual: &str, module: &str, headers: &[String]) -> Command {
        let mut compile = program(std::env::var_os(variable).unwrap_or_else(|| usual.into()));
        compile.args(["-O3", "-fPIC", "-shared"]);
        compile.args(headers.iter().map(|folder| format!("-I{folder}")));
        compile.arg("-o").arg(self.folder.join(module).with_extension("so"));
        compile
    }
}
